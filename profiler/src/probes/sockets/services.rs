//! Names of well-known services by port.

/// Ports as registered with IANA or as the product's documentation gives for its default.
const SERVICES: &[(u16, &str)] = &[
    (25, "smtp"),
    (53, "dns"),
    (80, "http"),
    (389, "ldap"),
    (443, "https"),
    (587, "smtp"),
    (636, "ldap"),
    (1433, "sqlserver"),
    (1521, "oracle"),
    (2181, "zookeeper"),
    (2379, "etcd"),
    (3306, "mysql"),
    (4222, "nats"),
    (4317, "otlp"),
    (4318, "otlp"),
    (5432, "postgres"),
    (5671, "amqp"),
    (5672, "amqp"),
    (6379, "redis"),
    (6432, "pgbouncer"),
    (8086, "influxdb"),
    (8200, "vault"),
    (8500, "consul"),
    (9042, "cassandra"),
    (9090, "prometheus"),
    (9092, "kafka"),
    (9200, "elasticsearch"),
    (9411, "zipkin"),
    (11211, "memcached"),
    (26379, "redis-sentinel"),
    (27017, "mongodb"),
];

/// The service that usually listens at a port.
pub(super) fn service_at(port: u16) -> Option<&'static str> {
    SERVICES
        .iter()
        .find(|(known, _)| *known == port)
        .map(|(_, name)| *name)
}
