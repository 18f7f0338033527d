#!/bin/sh
# `retailstream run` with the given options. Where it ends with 4 (a server did not answer) or 5 (another run is at
# work), the same again after 1, 2, 4, 8, 16 and 32 minutes; nothing else gets better by itself.
delay=${RETAILSTREAM_RETRY_SECONDS:-60}
for more in 1 1 1 1 1 1 0; do
  code=0
  retailstream run "$@" || code=$?
  case $code in
    4 | 5) [ "$more" = 0 ] || sleep "$delay" ;;
    *) break ;;
  esac
  delay=$((delay * 2))
done
exit "$code"
