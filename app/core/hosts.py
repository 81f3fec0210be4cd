"""Which hosts the house may speak to: names from the settings, never an address from outside."""

import ipaddress
from collections.abc import Collection


def is_allowed(host: str, hosts: Collection[str]) -> bool:
    """Whether a host stands in the list, whose entries may begin with `*.`; never one that is link-local."""
    try:
        if ipaddress.ip_address(host).is_link_local:  # where clouds keep their secrets
            return False
    except ValueError:
        pass
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)
