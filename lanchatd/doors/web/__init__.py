"""The web door: the page that a browser is shown, and the WebSocket by which it talks."""
