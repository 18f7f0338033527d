#!/usr/bin/env bash
# thriftpy2 0.7.1, TThreadedServer (what rpc.make_server gives) on Linux: `close()` only notes that no further client shall
# be waited for. The thread that serves is waiting already, and the socket stays open: the first client that connects
# after `close()` has returned is served as if nothing had been, and every later one connects and is never answered.
# Only `server.trans.close()` frees the port. Whoever stops a Metastore of a test in this way leaves a listening socket.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet 'thriftpy2==0.7.1'
cat > "$folder/shop.thrift" <<'THRIFT'
service Shop {
  i32 stores()
}
THRIFT
"$folder/env/bin/python" - "$folder/shop.thrift" <<'PYTHON'
import logging
import socket
import sys
import threading
import time

import thriftpy2
from thriftpy2 import rpc

logging.disable(logging.CRITICAL)
shop = thriftpy2.load(sys.argv[1], module_name="shop_thrift")


class Stores:
    def stores(self):
        return 45


def ask(port):
    try:
        with rpc.client_context(shop.Shop, "127.0.0.1", port, socket_timeout=2000, connect_timeout=2000) as client:
            return f"answered {client.stores()}"
    except (OSError, thriftpy2.transport.TTransportException) as error:
        return type(error).__name__


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = rpc.make_server(shop.Shop, Stores(), "127.0.0.1", port, client_timeout=None)
serving = threading.Thread(target=server.serve, daemon=True)
serving.start()
time.sleep(1)

before = ask(port)
server.close()
time.sleep(1)
alive, first, second = serving.is_alive(), ask(port), ask(port)
server.trans.close()
freed = ask(port)
print(f"thriftpy2 {thriftpy2.__version__}")
print(f"before close():                    {before}")
print(f"after close(), the thread serves:  {alive}")
print(f"after close(), the first client:   {first}")
print(f"after close(), the second client:  {second}")
print(f"after server.trans.close():        {freed}")
assert (before, alive, first) == ("answered 45", True, "answered 45")
assert second != "answered 45"
assert freed != "answered 45"
PYTHON
