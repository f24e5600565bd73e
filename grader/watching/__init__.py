"""`grade --watch`: what changed on a save is graded at once, on one calm screen."""
