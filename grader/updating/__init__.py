"""A newer course comes into a student's folder: what was written is carried over, and nothing is lost."""
