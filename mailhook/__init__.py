"""mailhook turns an inbox of Truora hook mails into a table of events."""
