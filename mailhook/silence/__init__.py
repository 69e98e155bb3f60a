"""Has a product been silent for longer than is likely, or than the settings allow?"""

from mailhook.silence.hearing import api_says
from mailhook.silence.sight import known_resource, look, troubles
from mailhook.silence.verdict import Silence

__all__ = ["Silence", "api_says", "known_resource", "look", "troubles"]
