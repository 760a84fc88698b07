"""How requests travel: requests on workers, aiohttp in the triggerer, Socket.IO for older servers."""
