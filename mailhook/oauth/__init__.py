"""Access tokens for mailboxes: google-auth, msal and Authlib behind one door, and their owner."""

from __future__ import annotations

from mailhook.oauth.login import Prompt, login
from mailhook.oauth.tokens import Token, Tokens, tokens_of

__all__ = ["Prompt", "Token", "Tokens", "login", "tokens_of"]
