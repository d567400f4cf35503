#!/usr/bin/env bash
# One Kafka broker that is its own controller, for tests.
#
#   kafka.sh install                 fetch the jars with Maven, once
#   kafka.sh run DATA PORT [ARG...]  run the broker on PORT (and PORT+1) in the foreground, its data in DATA;
#                                    properties in DATA/more.properties, if there, replace its own, and further
#                                    arguments are those of the tool that formats DATA
#
# The jars lie in ANABRANCH_SERVICES_CACHE, by default ~/.cache/anabranch-services.
set -euo pipefail
version=4.4.0
cache=${ANABRANCH_SERVICES_CACHE:-$HOME/.cache/anabranch-services}
lib=$cache/kafka-$version

install() {
  [[ -f $lib/complete ]] && return
  mkdir -p "$cache"
  exec 9>"$lib.lock"
  flock 9
  [[ -f $lib/complete ]] && return
  rm -rf "$lib" && mkdir -p "$lib"
  cat >"$lib/pom.xml" <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
POM
  mvn -q -B -f "$lib/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$lib" >&2
  touch "$lib/complete"
}

run() {
  local data=$1 port=$2 quiet=-Dorg.slf4j.simpleLogger.defaultLogLevel=warn
  shift 2
  mkdir -p "$data"
  cat >"$data/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$data/logs
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
transaction.max.timeout.ms=3600000
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=3000
P
  # The last value of a key counts.
  if [[ -f $data/more.properties ]]; then cat "$data/more.properties" >>"$data/server.properties"; fi
  java -Xmx256m $quiet -cp "$lib/*" kafka.tools.StorageTool format --ignore-formatted \
    -t MkU3OEVBNTcwNTJENDM2Qg -c "$data/server.properties" "$@" >&2
  exec java -Xms256m -Xmx512m -XX:+UseG1GC $quiet -cp "$lib/*" kafka.Kafka "$data/server.properties"
}

case ${1:-} in
install) install ;;
run) install && run "${@:2}" ;;
*) echo "usage: kafka.sh install | run DATA PORT [ARG...]" >&2; exit 2 ;;
esac
