"""Options that several commands share. Imports nothing but Click: every command's `--help` reads it."""

import click

course_option = click.option("--course", "course_dir", metavar="DIR", help="The course, if you are not inside it.")
