"""What a unit leads to: its demo runs what a student has written, and shows what it makes."""
