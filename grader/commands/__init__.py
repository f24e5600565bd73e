"""What each word of the command line does; one module a family, imported when its command is called."""
