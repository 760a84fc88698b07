"""The protocol over two transports: requests on workers, aiohttp in the triggerer."""
