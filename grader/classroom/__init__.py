"""A whole class: take in submissions, mark them, keep records, fill gradebooks, write the class report."""
