"""What real servers, programs and people wrote, to begin from.

Owns: the samples. Does not own: damaging them (`tests.fuzz.mutants`).
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tests.mta.lines import both

_ROOT = Path(__file__).parents[2]
_DATA = _ROOT / "tests" / "data"

DSN = tuple(path.read_bytes() for path in sorted((_DATA / "dsn").glob("*.eml")))
DSN_WORDS = (
    *(b"Content-Type: multipart/report; boundary=b\n", b"Content-Type: message/delivery-status\n\n", b"\n\n", b"--b\n"),
    *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"Action: delayed\n"),
    *(
        b"Final-Recipient: rfc822; ",
        b"Diagnostic-Code: smtp; 421 4.7.0 ",
        b"Status: 4.7.28\n",
        b"Message-ID: <",
        b"\\x{",
    ),
    *(b"charset=utf-7", b"charset=punycode", b"=?utf-8?q?=", b"<ann@north.test>: ", b"host mx[192.0.2.1] said: 550 "),
)


def _answers() -> tuple[str, ...]:
    files = ("smtp_responses.csv", "more_responses.csv")
    texts = ((_DATA / name).read_text(encoding="utf-8") for name in files)
    return tuple(row["reply"] for text in texts for row in csv.DictReader(text.splitlines()))


ANSWERS = tuple(reply.encode() for reply in _answers())
ANSWER_WORDS = (
    *(b"421 ", b"421-", b"4.7.28 ", b"5.7.1 ", b"try again in 99999999 hours", b"try again in 00:99:99", b"\n"),
    *(b"host mx.far.test[192.0.2.25] said: ", b" -> ", b"NO [", b"BYE ", b"] ", b"wait 1.5 ms before", b"later"),
)

SMTP = tuple(
    b"220 mx.example ESMTP ready\r\n" + dialogue
    for dialogue in (
        b"250-mx.example at your service\r\n250-SIZE 35882577\r\n250-8BITMIME\r\n250-AUTH LOGIN PLAIN XOAUTH2\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n",
        b"250 mx.example\r\n",
        b"421-4.7.28 Gmail has detected an unusual rate of email originating from your IP address.\r\n"
        b"421 4.7.28 rate limited - gsmtp\r\n",
        b"502 5.5.1 no\r\n",
    )
)
SMTP_WORDS = (b"250-", b"250 ", b"354 ", b"421 ", b"000 ", b"999-", b"AUTH=", b"SIZE ", b"X" * 600)

# Dovecot's, Gmail's, Exchange's and Courier's, as they answer what we ask.
IMAP = (
    b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/Spam"\r\n'
    b'* LIST (\\All \\HasNoChildren) "/" "[Gmail]/All Mail"\r\n* LIST (\\Noselect) "/" "[Gmail]"\r\nA1 OK Success\r\n',
    b'* LIST (\\Sent) "." {9}\r\nGesendet&\r\n* LIST () NIL &ZeVnLIqe-\r\n'
    b'* NAMESPACE (("INBOX." ".")) (("user." ".")) (("" "/")("#shared/" "/"))\r\nA1 OK List completed.\r\n',
    b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] Ok\r\n"
    b"* 23 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 3857529045] UIDs valid\r\n* OK [UIDNEXT 4392] Predicted\r\n"
    b"A1 OK [READ-WRITE] Select completed.\r\n",
    b"* SEARCH 2 84 882\r\n* SEARCH\r\n* ESEARCH (TAG A1) UID ALL 2,84:88\r\nA1 OK Search completed.\r\n",
    b"* 12 FETCH (UID 5 FLAGS (\\Seen $NotJunk) BODY[HEADER.FIELDS (MESSAGE-ID X-WARMUP)] {74}\r\n"
    b"Message-ID: <f0e1@north.test>\r\nX-Warmup: 0123456789abcdef0123456789abcdef\r\n\r\n)\r\n"
    b'* 13 FETCH (BODY[] {12+}\r\nSubject: a\r\n UID 6 RFC822.SIZE 12 INTERNALDATE "17-Jul-1996 02:44:25 -0700")\r\n'
    b"A1 OK Fetch completed.\r\n",
    b"+ idling\r\n* BYE [UNAVAILABLE] Temporary System Error\r\nA1 NO [OVERQUOTA] Quota exceeded\r\n",
    b"* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR MOVE UIDPLUS] ready\r\n"
    b"A1 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n",
)
IMAP_WORDS = (
    *(
        b"{5}\r\n",
        b"{5+}\r\n",
        b"{99999999}\r\n",
        b"{0}\r\n",
        b"* ",
        b"A1 OK ",
        b"A1 NO ",
        b"A1 BAD ",
        b"+ ",
        b"* BYE ",
    ),
    *(b"NIL", b"FETCH (", b"BODY[", b"UID 4294967296", b"(((((", b"LIST (", b'"\\"', b"&-", b"&AAAA-", b"INBOX"),
)

HEADERS = (
    b"Message-ID: <f0e1@north.test>\r\nX-Warmup: 0123456789abcdef0123456789abcdef\r\nFrom: Ann <ann@north.test>\r\n"
    b"To: ben@east.test\r\nDate: Mon, 02 Mar 2026 09:15:00 +0100\r\n\r\n",
    b"From: =?utf-8?b?QsO2?= <boe@north.test>\r\nTo: a@b.test,\r\n c@d.test\r\nMessage-ID:\r\n <1@x>\r\n"
    b"X-Warmup: \xff\r\n\r\n",
)
HEADER_WORDS = (b"Message-ID: ", b"X-Warmup: ", b"From: ", b"To: ", b"Date: 31 Feb 2026", b"\r\n ", b"=?utf-8?q?=00?=")

MTA = (both("m1").encode(), both("m2").replace("postfix/", "postfix-out/").encode())
MTA_WORDS = (
    *(
        b"Nov 25 01:02:03 mail postfix/smtp[1]: ",
        b"2026-11-25T01:02:03.000001+00:00 mail postfix/qmgr[9]: ",
        b"removed",
    ),
    *(
        b"to=<",
        b"orig_to=<",
        b"relay=none, ",
        b"dsn=4.4.1, ",
        b"status=deferred (",
        b"status=bounced (",
        b" said: 421 ",
    ),
    *(b"from=<a@b>, status=expired, returned to sender", b"(in reply to RCPT TO command))", b"message-id=<"),
)

POOL = (
    b"address,password\nann@north.test,one\nben@east.test,two\n",
    b"address,name,smtp,smtp_security,imap,imap_security,login,zone,provider,curve,password\r\n"
    b'ann@north.test,"Bell, Ann",[::1]:587,starttls,imap.north.test:993,tls,ann,Europe/Berlin,,,"1 ""2"""\r\n',
    "\ufeffaddress,password_file\nbö@bücher.test,secret\n".encode(),
)
POOL_WORDS = (
    *(b"address", b"password_file", b"password", b"zone", b"/etc", b"../", b"Europe/", b"plain", b"localhost:65536"),
    *(
        b"ann@north.test",
        b'"\r\n"',
        b'""',
        b",,,,,,,,,,,",
        b"xn--a@xn--.test",
        b"[::1]:",
        b"steady",
        b"\xf0\x9f\x92\xa9@",
    ),
)

BATCH = (
    b"provider,stage,reply,action\ngoogle,rcpt,421 4.7.28 too fast,pause_lane\nyahoo,any,553 no,\n",
    (_DATA / "more_responses.csv").read_bytes()[:3000],
)
BATCH_WORDS = (*ANSWER_WORDS, b"provider", b"stage", b"reply", b"dsn", b"login", b"any", b"pause_lane", b'""')

_TEMPLATE = (_ROOT / "data" / "warmup.toml").read_text(encoding="utf-8")
CONFIG = (
    re.sub(r"(?m)^# ?(?=(?:\[|[a-z_]+ = ))", "", _TEMPLATE).encode(),
    b'[ramp]\ncurve = "own"\ncap = 3\n[curves.own]\nkind = "steps"\ntable = [[1, 2], [8, 4]]\n[[throttle.rule]]\n'
    b'name = "mine"\npattern = "slow (?:down|up)"\naction = "pause_lane"\nwait = "2h"\nenhanced = ["4.7"]\n',
    b'[hours]\ndays = ["mon"]\nfrom = "09:00"\nto = "17:00"\n[pool]\nweights = { google = 2.0 }\n'
    b'providers = { "example.org" = "google" }\n[mail]\nlooks = ["5m", "1h"]\n',
)
CONFIG_WORDS = (
    *(
        b"[ramp]\n",
        b"[[throttle.rule]]\n",
        b"[curves.x]\n",
        b'"1d"',
        b'"99999999d"',
        b"nan",
        b"inf",
        b"-inf",
        b"1979-05-27",
    ),
    *(
        b"kind = ",
        b"table = ",
        b"pattern = '(a+)+$'\n",
        b"pattern = '",
        b"true",
        b"[[",
        b"]]",
        b"0x",
        b'"""',
        b"07:32:00",
    ),
    *(b"database = ", b'"sqlite:///', b'"/dev/null"', b'"C\\u0000"', b"1_0", b"templates = ", b"log = "),
)
