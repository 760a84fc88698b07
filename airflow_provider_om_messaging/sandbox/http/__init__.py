"""The server's HTTP face: routes, errors, paging, pushed events, and the control of the sandbox."""
