"""Telling people what is wrong, once, and when it is over."""

from mailhook.alarms.watch import RING_SECONDS, Alarms

__all__ = ["RING_SECONDS", "Alarms"]
