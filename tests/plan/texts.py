"""Texts that YAML parsers and people trip over, and the program that writes them."""

import random
import subprocess
import sys

NASTY = """
y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE
null Null NULL ~ nil none None undefined
0 00 007 08 1 -1 +1 0x1F 0X1F 0o17 0b1010 0B1 1_000 1,000 _1 1_ 685_230 190:20:30 12:30 12:30:45.6
-12:30 1.5 1. .5 . .. ... -.5 +.5 1e3 1E3 1e+3 1.e+3 .e3 1.5e-3 6.02E23 12e4567 e5 1e 0e0
.inf -.inf +.INF .Inf .nan .NaN .NAN inf nan Infinity NaN 0.1.2 192.168.1.1 ::1 fe80::1
2026-11-20 2026-1-2 2026-11-20T10:15:00Z 2026-11-20t10:15:00+01:00 20261120T101500Z-7f3c2a10 20261120
9a8b7c5ee7c92d6dc9e92ffdad17b8bd49418f98 1234567890123456789012345678901234567890
12345678e01234567890123456789012345678901 5ee9b0b0-3f50-4bfb-8f0c-5d9ac52a8b6e
00000000-0000-0000-0000-000000000000 12345678-1234-1234-1234-123456789012
+31612345678 = << <<: - -- --- -a ? ?a a? a?b : :a a: a:b a:/b [ ] { } , [a] {a} a,b a[b a]b a{b a}b
# #a a#b & &a * *a ! !a !!str | |- > >- ' " 'a' "a" % %a @ @a ` `a \\ a\\b \\n a'b a"b
jane@example.org o'neil@example.org a+b@example.org https://example.org/a?b=c#d
sha256:00 hmac:12 group:frontdesk =1+1 @SUM(A1) ../../etc/passwd /
""".split() + [
    "", " ", "  ", " a", "a ", "a b", "a  b", "a\tb", "\t", "a\nb", "\n", "a\r\nb", "\r", "a\n", "\na",
    "a: b", "a :b", "a : b", "a #b", "a # b", "- a", "? a", ": a", "a -", "a ?", "a? b", "a ?b",
    "a, b", "a ,b", "[a, b]", "{a: b}", "2026-11-20 10:15:00", "2001-12-14t21:59:43.10-05:00",
    "no name", "user jane@example.org", "Jane Doe", "Zoë Müller", "Ørsted", "用户", "😀", "❤️",
    "--- a", "... a", "%YAML 1.2", "& a", "* a", "! a", "&a b", "*a b", "!a b", "!<tag:x> b",
    "\x07", "\x08", "\x0b", "\x0c", "\x1b[31m", "\x7f", "\x80", "\x85", "\x9b31m", "\xa0", "\xad", "a\u00a0b",
    "\u061c", "\u1680", "\u180e", "\u2000", "\u200b", "\u200e", "\u2028", "\u2029", "\u202e", "\u202f",
    "\u2060", "\u2066", "\u2800", "\u3000", "\u3164", "\ufe0f", "\ufeff", "a\ufeffb", "\ufff9", "\ufffd",
    "\ufffe", "\uffff", "\ufdd0", "\ue000", "\U0001d173", "\U000e0001", "\U000e0061", "\U000f0000",
    "\U0010fffe", "\U0010ffff", "\U0001fffe", "\u0300a", "a\u0300", "\u0085a", "a\u2028b",
]

ALPHABET = list(" \t\n\r-?:,[]{}#&*!|>'\"%@`\\=~<+./_()$^;0123456789abcdefxoyntEIZT") + [
    "é", "用", "😀", "\x1b", "\x85", "\u202e", "\ufeff", "\u2028", "\U000e0041", "\ufffd",
]


def random_texts(count, seed):
    rng = random.Random(seed)
    return ["".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, 9))) for _ in range(count)]


def all_texts():
    return NASTY + [text.upper() for text in NASTY] + random_texts(10000, 20261120)


def samples(what, texts=()):
    data = b"".join(text.encode() + b"\0" for text in texts)
    return subprocess.run([sys.argv[1], what], input=data, stdout=subprocess.PIPE, check=True).stdout.decode()


# What must never stand in a file as it is: a reviewer cannot see it, or it moves the text.
def unseen(char):
    code = ord(char)
    return (
        code < 0x20
        or 0x7F <= code <= 0xA0
        or code in (0xAD, 0x61C, 0x180E, 0x3000, 0x3164, 0x2800, 0xFEFF)
        or 0x2000 <= code <= 0x200F
        or 0x2028 <= code <= 0x202F
        or 0x2060 <= code <= 0x206F
        or 0xFE00 <= code <= 0xFE0F
        or 0xFFF9 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE0FFF
        or 0xFFFE <= code <= 0xFFFF
    )
