"""The proxy between this machine and the API, where the environment names one (https_proxy).

What goes through it is TLS to the API: it sees the host's name, and no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from mailhook.config.kinds import is_loopback
from mailhook.errors import ConfigError, Problem


def manager(host: str, options: Mapping[str, object]) -> urllib3.PoolManager:
    """What connects to the host; `options` are a pool's. Raises ConfigError for an odd proxy."""
    named = getproxies().get("https")
    if not named or is_loopback(host) or proxy_bypass(host):
        return urllib3.PoolManager(**options)  # type: ignore[arg-type] # as its caller gives them
    url = named if "://" in named else f"http://{named}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "names a proxy that is neither http nor https"
        raise ConfigError(
            [Problem("https_proxy", message, "such as http://proxy.example.com:3128")]
        )
    headers = None
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=login)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib3.ProxyManager(plain, proxy_headers=headers, **options)  # type: ignore[arg-type] # likewise
