"""The IRC door: irssi, WeeChat, HexChat and bots, in the same rooms as everybody (docs/irc.md)."""
