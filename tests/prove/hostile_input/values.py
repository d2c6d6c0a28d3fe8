"""What nobody would send: as a field, in an address, as a header."""

from __future__ import annotations

import json

EVIL = (
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "javascript:alert(1)",
    "/\t/evil.example", "\t//evil.example", "///evil.example", "/%2f%2fevil.example", "https:evil.example",
    "data:text/html,<script>1</script>", "http://[", "//[", "/\r\nSet-Cookie: zq=1",
    "//evil.example\\@desk.example", "\u2028//evil.example", "/.//evil.example", "@evil.example",
    "http:///evil.example", "／／evil.example",
)  # fmt: skip
MARKUP = (
    "</textarea><zq-mark zq-attr=1><script>window.zqRan=1</script>", "\"'><zq-mark onload=window.zqRan=1>",
    "{{ 7191 * 7 }}", "${7191*7}", "{% for x in (1,) %}{{7191*7}}{% endfor %}", "<%= 7191*7 %>", "#{7191*7}",
    "<!--", "]]>", "&lt;zq-mark&gt;", "<svg/onload=window.zqRan=1>", "%3Czq-mark%3E", "\ufe64zq-mark\ufe65",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "-0", "1.5", "1e309", "NaN", "inf", "0x10", "1_0", " 1 ", "+1", "٣", "①", "1" * 400, "9" * 5000,
    str(2**31), str(2**63-1), str(2**63), str(-(2**63)-1), "00000000001", "true", "None", "null", "[]", "{}",
)  # fmt: skip
TEXTS: tuple[str | bytes, ...] = (
    "", " ", "\u200b", "a\0b", "\0", b"\xff\xfe", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80", b"\xf4\x90\x80\x80", "\ud800", "\u202eevil\u202c", "e\u0301" * 500,
    "\u0000".join("ab"), "\uffff\ufffe", "🏴‍☠️" * 300, "a\r\nSet-Cookie: zq=1", "a\rb\nc\x0bd\x0ce\x85f\u2028g",
    "\x1b[2J\x1b]0;evil\x07", "' OR 1=1 --", "'; DROP TABLE x; --", "%s%n%x", "../../../etc/passwd", "..%2f..%2f",
    "=cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "[" * 5000, "(" * 5000, "x" * 20_001, "x" * 200_000, "é" * 2001, "*",
    "%", "_", "\\", "\"", "a,b;c\td", "2026-02-31", "9999-12-31T25:61", "0001-01-01", "2026-11-24T10:00+99:00",
    "conversation:1:reply", "lane:1:approval", "operator:1", "agent:iris", "1-1",
    "00000000-0000-0000-0000-000000000000", "a@b", "a@" + "b" * 300 + ".example", "\"a b\"@example.com",
    "a@[127.0.0.1]",
)  # fmt: skip
VALUES: tuple[str | bytes, ...] = (*EVIL, *MARKUP, *NUMBERS, *TEXTS)
SURELY: tuple[str | bytes, ...] = ("a\0b", b"\xed\xa0\x80\xff", MARKUP[0], str(2**63), "x" * 200_000)
"""Tried on every form, however few tries there are."""
SEGMENTS = (
    "0", "-1", str(2**63-1), str(2**63), "9" * 300, "one", "%00", "%ff%fe", "1%0a", "1.0", "..%2f", "%2e%2e",
    "%c0%af", "%ed%a0%80", "%E2%80%AE", "{{7191*7}}", "%3Czq-mark%3E", "00000000-0000-0000-0000-000000000000", "'",
    "1;1", "%25", "iris%0d%0aSet-Cookie:zq=1", "a" * 4000, "%F0%9F%8F%B4", "1%20", "+1", "٣", "adjust", "~",
    "%5c%5cevil.example",
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {"If-None-Match": 'W/"'},
    {"If-None-Match": '"' + "a" * 3000},
    {"If-None-Match": "*"},
    {"If-Match": "\xff", "If-Range": "x", "Range": "bytes=0-0"},
    {"Range": "bytes=99999999999999999999-"},
    {"Range": "bytes=" + "0-1," * 500},
    {"Range": "lines=-\xff"},
    {"If-Modified-Since": "Sun, 99 Foo 99999 00:00:00 GMT"},
    {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"HX-Request": "true"},
    {"HX-Request": "true", "HX-Target": "</script><zq-mark>", "HX-Trigger": '{"a":'},
    {"HX-Request": "TRUE\xff", "HX-Current-URL": "javascript:alert(1)"},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    {"HX-Boosted": "true", "HX-Prompt": "\xff" * 200},
    {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/admin", "X-Rewrite-URL": "/admin"},
    {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "javascript",
        "X-Forwarded-Prefix": "//evil.example",
    },
    {"X-Forwarded-For": "127.0.0.1, \xff, " + "1.1.1.1," * 300, "Forwarded": "for=_;host=evil.example"},
    {"X-Real-IP": "'", "True-Client-IP": "::1", "X-Forwarded-Port": "-1"},
    {"X-Request-ID": "zqforged\xff" * 9},
    {"Host": "evil.example"},
    {"Host": "[::"},
    {"Host": ""},
    {"Host": "desk.example:99999999"},
    {"Host": "desk.example@evil.example"},
    {"Referer": "https://evil.example/inbox"},
    {"Referer": "http://["},
    {"Referer": "https://desk.example//evil.example"},
    {"Accept": "\xff", "Accept-Language": ";;;q=x", "Accept-Encoding": "*;q=9"},
    {"Accept": "application/json"},
    {"Accept": "text/event-stream"},
    {"Accept": "," * 4000},
    {"User-Agent": "{{7191*7}}<zq-mark>\xff" + "u" * 5000},
    {"Authorization": "Bearer \xff"},
    {"Authorization": "Basic !!!"},
    {"X-CSRFToken": "x" * 4000},
    {"Expect": "200-maybe"},
    {"Upgrade": "websocket", "Connection": "Upgrade"},
    {"Last-Event-ID": "\xff"},
    {"Purpose": "prefetch", "Sec-Fetch-Mode": "\xff"},
)
KINDS = (
    "application/json",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=\xff",
    "text/plain",
    "text/xml",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/mixed; boundary=x",
    "\xff/\xff",
    "",
)
"""Content types that say something else than what comes."""
DEEP = json.dumps({"csrf_token": "x", "body": ["[" * 50]}).encode()
BODIES: tuple[bytes, ...] = (
    b"",
    b"\0" * 1000,
    b"\xff" * 1000,
    b"[" * 100_000,
    b'{"a":' * 20_000,
    DEEP,
    b"&" * 5000,
    b"=" * 5000,
    b"a=1&" * 20_000,
    b"%" * 5000,
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1500,
    b"--x\r\n" + b"a" * 50_000,
    b'--x\r\nContent-Disposition: form-data; name="body"; filename="../../a\0.txt"\r\n\r\n\xff\r\n--x--\r\n',
    b"a=" + b"x" * 1_000_001,
)
