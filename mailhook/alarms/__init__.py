"""Telling people what is wrong, once, and when it is over."""

from mailhook.alarms.watch import Alarms

__all__ = ["Alarms"]
