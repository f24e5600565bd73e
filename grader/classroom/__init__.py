"""A whole class: intake, running, records, exports, the class report."""
