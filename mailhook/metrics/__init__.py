"""Figures about the service for Prometheus, and whether it is well. Owner of prometheus_client."""

from mailhook.metrics.exporter import Exporter
from mailhook.metrics.meter import KINDS, Meter, kind_of

__all__ = ["KINDS", "Exporter", "Meter", "kind_of"]
