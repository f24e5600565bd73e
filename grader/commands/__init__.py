"""The subcommands of the command line: one module for each family, imported when its command is called."""
