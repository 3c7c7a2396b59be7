"""The engines the tests run on, each started here, on sockets and ports of its own."""
