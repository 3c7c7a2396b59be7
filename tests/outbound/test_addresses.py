"""Which URLs and addresses the foreign door may call (pure)."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.outbound.addresses import may_call, parse, parse_foreign
from idp.outbound.errors import OutboundRefused

HOSTILE = [
    "",
    "jwks",
    "//portal.test/jwks",
    "ftp://portal.test/jwks",
    "file:///etc/passwd",
    "gopher://portal.test/",
    "http://portal.test/jwks",
    "http:/portal.test",
    "https:portal.test",
    "https:///jwks",
    "https://",
    "https://user@portal.test/",
    "https://user:pass@portal.test/",
    "https://portal.test@127.0.0.1/",
    "https://portal.test:443@127.0.0.1/",
    "https://portal.test\\@127.0.0.1/",
    "https://portal.test%40127.0.0.1/",
    "https://127.0.0.1%2f.portal.test/",
    "https://portal.test#@127.0.0.1/",
    "https://portal.test/jwks#x",
    "https://portal.test /",
    " https://portal.test/",
    "https://portal.test/\n",
    "https://portal.test/\r\nX-Evil: 1",
    "https://portal\t.test/",
    "https://portal.test/路径",
    "https://门户.test/",
    "https://①②⑦.⓪.⓪.①/",
    "https://portal.test:0/",
    "https://portal.test:65536/",
    "https://portal.test:99999999/",
    "https://portal.test:-1/",
    "https://portal.test:a/",
    "https://portal.test:/",
    "https://portal.test:22/",
    "https://portal.test:25/",
    "https://portal.test:443:443/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.01/",
    "https://127.0.0.1./",
    "https://0/",
    "https://portal.1/",
    "https://portal.0x7f/",
    "https://[::1/",
    "https://::1/",
    "https://[::1]x/",
    "https://[fe80::1%25eth0]/",
    "https://[127.0.0.1]/",
    "https://[v1.x]/",
    "https://portal.test./",
    "https://.portal.test/",
    "https://portal..test/",
    "https://-portal.test/",
    "https://" + "a" * 64 + ".test/",
    "https://" + "a." * 127 + "test/",
    "https://portal.test/<script>",
    "https://portal.test/`id`",
    "https://portal.test|evil/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused(url):
    with pytest.raises(OutboundRefused):
        parse_foreign(url, allow_loopback=True)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://portal.test", "portal.test", 443, "/"),
        ("https://PORTAL.test:8443/jwks?a=b&c=%20", "portal.test", 8443, "/jwks?a=b&c=%20"),
        ("HTTPS://portal.test?x", "portal.test", 443, "/?x"),
        ("https://xn--fiq228c.test/", "xn--fiq228c.test", 443, "/"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
        ("https://[2606:4700:0:0::1]:8443/", "2606:4700::1", 8443, "/"),
        ("http://portal.localhost:8001/x", "portal.localhost", 8001, "/x"),
        ("http://127.0.0.1:8001/", "127.0.0.1", 8001, "/"),
        ("http://[::1]:8001/", "::1", 8001, "/"),
    ],
)
def test_an_honest_url_is_read_in_one_way(url, host, port, path):
    target = parse_foreign(url, allow_loopback=True)

    assert (target.host, target.port, target.path) == (host, port, path)


def test_plain_http_is_for_loopback_and_only_when_it_is_open():
    with pytest.raises(OutboundRefused):
        parse_foreign("http://portal.localhost:8001/", allow_loopback=False)


def test_a_host_header_names_an_unusual_port():
    assert parse("https://a.test/").host_header == "a.test"
    assert parse("https://a.test:8443/").host_header == "a.test:8443"
    assert parse("http://a.test:80/").host_header == "a.test"
    assert parse("https://[2606:4700::1]:8443/").host_header == "[2606:4700::1]:8443"


NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.23",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::2",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
@pytest.mark.parametrize("loopback", [False, True])
def test_an_address_that_is_not_public_is_never_called(address, loopback):
    assert not may_call(ip_address(address), allow_loopback=loopback)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"])
def test_loopback_is_called_only_when_it_is_open(address):
    assert may_call(ip_address(address), allow_loopback=True)
    assert not may_call(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2606:4700::1111", "2400:3200::1"])
def test_a_public_address_may_be_called(address):
    assert may_call(ip_address(address), allow_loopback=False)


@given(st.ip_addresses())
def test_nothing_private_is_ever_public(address):
    if may_call(address, allow_loopback=False):
        assert address.is_global
        assert not address.is_private


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_never_breaks(text):
    for url in (text, f"https://{text}", f"https://portal.test/{text}"):
        try:
            target = parse_foreign(url, allow_loopback=True)
        except OutboundRefused:
            continue
        assert target.path.startswith("/")
        assert not set(target.host) & set("@/?#\\ ")
