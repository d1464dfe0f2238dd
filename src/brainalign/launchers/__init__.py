"""What starts a sweep's children elsewhere: what it needs, the queue's word on them, and their share of the machine."""

from brainalign.launchers.needs import check_launcher

__all__ = ["check_launcher"]
