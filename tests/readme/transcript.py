"""Transcripts in the README: lines as they are printed, … for any."""


def differs(expected, printed):
    """The first line that is not there, or None. Lines in a row must be so in what was printed."""
    lines, at, loose = printed.splitlines(), 0, False
    for line in expected:
        if line == "…":
            loose = True
            continue
        while loose and at < len(lines) and lines[at] != line:
            at += 1
        if at == len(lines) or lines[at] != line:
            return line
        at, loose = at + 1, False
    return None if loose or at == len(lines) else f"{lines[at]} (printed, and not in the README)"
