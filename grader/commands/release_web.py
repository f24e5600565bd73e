"""`grade release web`: the course as a static site, in which students write and check with nothing installed."""

from pathlib import Path

import click

from grader.commands.options import course_option, not_empty


@click.command()
@click.argument("units", nargs=-1, metavar="[UNIT[.EXERCISE]]...")
@click.option("--to", required=True, metavar="DIR", callback=not_empty, help="The folder to write.")
@click.option(
    "--pyodide",
    metavar="URL|DIR",
    callback=not_empty,
    help="Where the page takes Pyodide from: an address, or a folder that is copied into the site. Its public CDN by default.",
)
@click.option("--base", default="/", metavar="PATH", show_default=True, help="Where the site will lie on its server.")
@course_option
def web(units, to, pyodide, base, course_dir) -> None:
    """Write a web page in which students read, write and check, for any static host. All units, unless some are named.

    It is for practice: the answers are in the page, for who looks for them. What counts is graded from the file that the
    page exports, with `grade class`.
    """
    from grader.commands.courses import the_course
    from grader.course.choice import choose, reminder
    from grader.releases import students as releasing
    from grader.releases import web_site
    from grader.releases.pyodide import CDN, runtime

    course = the_course(course_dir)
    chosen = choose(course, units) if units else course
    source = runtime(pyodide or CDN)
    written = web_site.release(chosen, source, Path(to), releasing.all_secrets(course), base)
    size = sum((Path(to) / name).stat().st_size for name in written)
    click.echo(f"{len(written)} files in {to}, {size / 1e6:.1f} MB; none shows a piece of a solution")
    click.echo(f"Serve that folder; to look at it here: python -m http.server -d {to}", err=True)
    if source.origin:
        click.echo(f"The page takes Pyodide from {source.base}; --pyodide DIR puts it into the site.", err=True)
    if words := reminder(course, chosen):
        click.echo(words, err=True)
