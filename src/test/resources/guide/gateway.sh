# What pages assume that begin with a gateway in service: one on the usual ports with a key file, a key in $KEY and the
# orders' token in $TORII_ADMIN_TOKEN. It is sourced by a hidden block of the page.
KEY=$(java -XX:TieredStopAtLevel=1 -jar target/torii.jar keys create --file keys.yaml --user ada 2>keys.out)
export TORII_ADMIN_TOKEN=a-token-of-the-guide
TORII_AUTH_FILE_PATH=keys.yaml MLFLOW_SERVER_URL=http://127.0.0.1:$MLFLOW_PORT \
  java @conf/jvm.options -jar target/torii.jar >gateway.log 2>&1 &
curl -fsS --retry 60 --retry-delay 1 --retry-all-errors -o ready.json "http://127.0.0.1:$TORII_MANAGEMENT_PORT/ready"
