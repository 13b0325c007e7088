"""Which addresses belong to a site, which home pages are refused, which hosts are private."""

import pytest

from crawler.text.site import Site, is_private_host


@pytest.mark.parametrize(
    "url",
    [
        "https://alkarmel.ps/post/5",
        "http://alkarmel.ps:80/",
        "https://www.alkarmel.ps/a",
        "https://m.AlKarmel.ps/a",
        "https://alkarmel.ps./a",
        "https://old-karmel.com/x",
        "https://www.old-karmel.com/x",
    ],
)
def test_a_site_owns_its_hosts_and_their_twins(url: str) -> None:
    assert Site("http://www.alkarmel.ps/", ("old-karmel.com",)).owns(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://english.alkarmel.ps/",
        "https://alkarmel.ps.evil.com/",
        "https://evil.com/alkarmel.ps",
        "https://alkarmel.ps:8080/",
        "https://alkarmel.ps@evil.com/",
        "ftp://alkarmel.ps/",
        "/post/5",
        "mailto:a@alkarmel.ps",
        "http://[bad/",
        "http://alkarmel.ps:99999/",
        "",
    ],
)
def test_a_site_owns_nothing_else(url: str) -> None:
    assert not Site("https://alkarmel.ps/").owns(url)


def test_an_explicit_port_belongs_to_the_site() -> None:
    site = Site("http://127.0.0.1:8000/")
    assert site.owns("http://127.0.0.1:8000/post/5")
    assert not site.owns("http://127.0.0.1/post/5")
    assert not site.owns("http://127.0.0.1:8001/post/5")


def test_a_site_may_be_an_ipv6_address() -> None:
    site = Site("http://[::1]:8000/")
    assert site.host == "::1"
    assert site.owns("http://[::1]:8000/post/5")
    assert not site.owns("http://[::2]:8000/post/5")


def test_a_site_in_arabic_letters_owns_its_punycode() -> None:
    assert Site("http://غزة.فلسطين/").owns("https://xn--ogbrx.xn--ygbi2ammx/a")


def test_a_site_knows_its_home_and_host() -> None:
    site = Site(" http://www.alkarmel.ps/ar/#top ")
    assert (site.home, site.host) == ("http://www.alkarmel.ps/ar/", "www.alkarmel.ps")
    assert site == Site("http://www.alkarmel.ps/ar/")


@pytest.mark.parametrize(
    ("home", "message"),
    [
        ("alkarmel.ps", "'alkarmel.ps' is no home page: it has no scheme; .*https://alkarmel.ps"),
        ("//alkarmel.ps/", "no scheme"),
        ("", "no scheme"),
        ("file:///etc/passwd", "its scheme is 'file'; only http and https"),
        ("https://", "no readable host"),
        ("https:///post/5", "no readable host"),
        ("https://al karmel.ps/", "no readable host"),
        ("https://alkarmel.ps:99999/", "Port out of range"),
        ("https://alkarmel.ps:0/", "port is 0"),
        ("https://[bad/", "is no home page"),
        (
            "https://user:secret@alkarmel.ps/",
            r"'https://\*\*\*@alkarmel.ps/'.*user name or password",
        ),
    ],
)
def test_a_bad_home_page_is_refused_with_the_remedy(home: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        Site(home)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "printer.local",
            "router",
            "metadata.google.internal",
        ),
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127。0。0。1"),
        *("10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "[::1]", "::", "fe80::1%eth0", "fd00:ec2::254"),
        *("::ffff:127.0.0.1", "::ffff:a00:1", "2002:7f00:1::", "64:ff9b::7f00:1", ""),
    ],
)
def test_a_private_host_is_known_in_every_spelling(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "alkarmel.ps",
        "8.8.8.8",
        "134744072",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
    ],
)
def test_a_public_host_is_not_private(host: str) -> None:
    assert not is_private_host(host)
