//! Tables of what is hidden and of what is not.

use super::{REDACTED, redact_command_line, redact_text};

fn arguments(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// Secrets are written `HUNTER2…`, so that a leak is found whatever else changes.
const HIDDEN: &[(&str, &str)] = &[
    (
        "app --password hUNTER2 --port 80",
        "app --password ••• --port 80",
    ),
    ("app --password=HUNTER2", "app --password=•••"),
    ("app --password=HUNTER2=x&y", "app --password=•••"),
    ("app --db-password HUNTER2", "app --db-password •••"),
    ("app --db_passwd=HUNTER2", "app --db_passwd=•••"),
    ("app --password /HUNTER2", "app --password •••"),
    ("app --token=HUNTER2", "app --token=•••"),
    ("app --api-key HUNTER2", "app --api-key •••"),
    ("app --apikey=HUNTER2", "app --apikey=•••"),
    ("app --client-secret HUNTER2", "app --client-secret •••"),
    ("app --password -HUNTER2", "app --password •••"),
    ("app -password HUNTER2", "app -password •••"),
    (
        "java -Djavax.net.ssl.keyStorePassword=HUNTER2 -jar a.jar",
        "java -Djavax.net.ssl.keyStorePassword=••• -jar a.jar",
    ),
    (
        "redis-server *:6379 --requirepass HUNTER2",
        "redis-server *:6379 --requirepass •••",
    ),
    (
        "/usr/bin/redis-cli -a HUNTER2 ping",
        "/usr/bin/redis-cli -a ••• ping",
    ),
    ("mysql -uroot -pHUNTER2 shop", "mysql -uroot -p••• shop"),
    (
        "sudo mysqldump -u root -pHUNTER2 shop",
        "sudo mysqldump -u root -p••• shop",
    ),
    ("sshpass -p HUNTER2 ssh host", "sshpass -p ••• ssh host"),
    ("sshpass -pHUNTER2 ssh host", "sshpass -p••• ssh host"),
    (
        "docker login -u me -p HUNTER2 reg.example",
        "docker login -u me -p ••• reg.example",
    ),
    (
        "curl -u me:HUNTER2 https://example.com",
        "curl -u me:••• https://example.com",
    ),
    (
        "curl -ume:HUNTER2 https://example.com",
        "curl -ume:••• https://example.com",
    ),
    (
        "curl --user me:HUNTER2 https://example.com",
        "curl --user me:••• https://example.com",
    ),
    (
        "curl --user=me:HUNTER2 https://example.com",
        "curl --user=me:••• https://example.com",
    ),
    (
        "http -a me:HUNTER2 example.com",
        "http -a me:••• example.com",
    ),
    (
        "ldapsearch -x -w HUNTER2 -b dc=x",
        "ldapsearch -x -w ••• -b dc=x",
    ),
    (
        "smbclient -U me%HUNTER2 //srv/share",
        "smbclient -U me%••• //srv/share",
    ),
    ("sqlcmd -S db -P HUNTER2", "sqlcmd -S db -P •••"),
    ("7z x -pHUNTER2 a.7z", "7z x -p••• a.7z"),
    (
        "openssl rsa -passin pass:HUNTER2 -in k.pem",
        "openssl rsa -passin pass:••• -in k.pem",
    ),
    (
        "app postgres://shop:HUNTER2@db:5432/shop",
        "app postgres://shop:•••@db:5432/shop",
    ),
    (
        "app --dsn=postgres://shop:HUN/TER2@db/shop",
        "app --dsn=postgres://shop:•••@db/shop",
    ),
    (
        "app postgres://shop:HUN@TER2@db/shop",
        "app postgres://shop:•••@db/shop",
    ),
    (
        "app redis://:HUNTER2@cache:6379/0",
        "app redis://:•••@cache:6379/0",
    ),
    (
        "app shop:HUNTER2@tcp(10.0.0.1:3306)/shop",
        "app shop:•••@tcp(10.0.0.1:3306)/shop",
    ),
    ("app shop:HUNTER2@db.internal", "app shop:•••@db.internal"),
    (
        "app https://a1B2c3D4e5F6g7H8i9J0HUNTER2@git.example/x",
        "app https://•••@git.example/x",
    ),
    ("env PGPASSWORD=HUNTER2 psql", "env PGPASSWORD=••• psql"),
    ("env MYSQL_PWD=HUNTER2 mysql", "env MYSQL_PWD=••• mysql"),
    (
        "env AWS_SECRET_ACCESS_KEY=HUNTER2 aws s3 ls",
        "env AWS_SECRET_ACCESS_KEY=••• aws s3 ls",
    ),
    ("env GITHUB_TOKEN=HUNTER2 gh", "env GITHUB_TOKEN=••• gh"),
    (
        "docker run -e DB_PASS=HUNTER2 img",
        "docker run -e DB_PASS=••• img",
    ),
    (
        "app --signing-key=d41d8cd98f00HUNTER2b204e9800998",
        "app --signing-key=•••",
    ),
    (
        "app --key a8f5f167f44fHUNTER24964e6c998dee827110c",
        "app --key •••",
    ),
    (
        "app --session-key=q9Zr3tHUNTER2vX7wL1kM5",
        "app --session-key=•••",
    ),
    (
        "git clone ghp_0123456789abcdefghijHUNTER2klmnop",
        "git clone •••",
    ),
    (
        "app eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJIVU5URVIyIn0.HUNTER2sig",
        "app •••",
    ),
    (
        "wget https://x.example/f?sig=1&access_token=HUNTER2&page=2",
        "wget https://x.example/f?sig=1&access_token=•••&page=2",
    ),
];

const SHOWN: &[&str] = &[
    "app --password-file /run/secrets/db",
    "app --token-ttl=3600",
    "app --max-tokens 4096",
    "app --no-password --verbose",
    "app --ask-pass --verbose",
    "app --tokenizer=bpe",
    "app --passes=3 --bypass cache",
    "app --private-key /etc/ssl/private/server.pem",
    "app --tls-key=/etc/ssl/server.key",
    "app --key name --sort-key id",
    "app --cache-key user-profile-by-country-v2",
    "env PWD=/home/me OLDPWD=/tmp app",
    "mysql -p shop",
    "mysql -P 3306 -h db",
    "mkdir -p deep/folder",
    "ssh -p 2222 me@host",
    "docker run -u 1000:1000 -p8080:80 img",
    "docker run --user 1000:1000 img",
    "curl -u 1000:1000 x",
    "git clone git@github.com:org/repo.git",
    "rsync a me@host:/srv/data",
    "docker pull nginx:1.25@sha256:0123456789abcdef0123456789abcdef",
    "npm i npm:react@next",
    "app http://127.0.0.1:8080/items?limit=20",
    "app http://[::1]:8080/@me",
    "app https://example.com:443/users/@me",
    "cargo bench token::parse",
    "app --password",
    "ls --color=auto --sort=time",
    "java -Xmx2g -XX:+UseG1GC -jar app.jar",
    "python3 -m http.server 8000",
    "env AWS_ACCESS_KEY_ID=AKIDEXAMPLE aws",
    "app --secret-name db-credentials-name",
    "app --auth-mode scram",
];

#[test]
fn secrets_in_arguments_are_hidden_and_the_rest_is_kept() {
    for (line, expected) in HIDDEN {
        assert_eq!(
            &redact_command_line(&arguments(line)),
            expected,
            "of {line}"
        );
    }
}

#[test]
fn a_command_in_one_string_is_read_like_its_arguments() {
    for (line, expected) in HIDDEN {
        let redacted = redact_text(line);
        // A value may end at `&` in free text; the secret itself must be gone all the same.
        assert!(!redacted.contains("UNTER2"), "{redacted} of {line}");
        if !line.contains("=x&y") {
            assert_eq!(&redacted, expected, "of {line}");
        }
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    for line in SHOWN {
        assert_eq!(&redact_command_line(&arguments(line)), line);
        assert_eq!(&redact_text(line), line);
    }
}

#[test]
fn redacting_twice_changes_nothing() {
    for (line, _) in HIDDEN {
        let once = redact_command_line(&arguments(line));
        assert_eq!(redact_text(&once), once);
    }
}

#[test]
fn headers_lose_their_credentials_and_keep_their_scheme() {
    let cases = [
        ("Authorization: Bearer HUNTER2", "Authorization: Bearer •••"),
        ("authorization: HUNTER2 and more", "authorization: •••"),
        (
            "Proxy-Authorization: Basic SFVOVEVSMg==",
            "Proxy-Authorization: Basic •••",
        ),
        ("X-Api-Key: HUNTER2", "X-Api-Key: •••"),
        ("Cookie: a=HUNTER2; b=HUNTER2", "Cookie: •••"),
    ];
    for (header, expected) in cases {
        assert_eq!(redact_text(header), expected);
        let line = ["curl", "-H", header, "http://h/"].map(str::to_owned);
        assert_eq!(
            redact_command_line(&line),
            format!("curl -H '{expected}' http://h/")
        );
    }
}

#[test]
fn a_shell_command_in_an_argument_is_searched_too() {
    let line = [
        "sh",
        "-c",
        "mysql -uroot -pHUNTER2 | app --token 'HUNTER2' && mkdir -p x",
    ];
    assert_eq!(
        redact_command_line(&line.map(str::to_owned)),
        "sh -c 'mysql -uroot -p••• | app --token '•••' && mkdir -p x'"
    );
}

#[test]
fn lines_of_source_and_configuration_lose_literals_only() {
    let cases = [
        ("password: HUNTER2", "password: •••"),
        ("  \"password\": \"HUNTER2\",", "  \"password\": \"•••\","),
        ("{\"password\":\"HUNTER2\"}", "{\"password\":\"•••\"}"),
        ("let api_key = \"HUNTER2\";", "let api_key = \"•••\";"),
        (
            "Server=db;User=me;Password=HUNTER2;Port=1",
            "Server=db;User=me;Password=•••;Port=1",
        ),
        (
            "host=db password=HUNTER2 user=me",
            "host=db password=••• user=me",
        ),
        ("password: ${{ secrets.DB }}", "password: ${{ secrets.DB }}"),
        ("  id-token: write", "  id-token: write"),
        (
            "let token = next_token(input);",
            "let token = next_token(input);",
        ),
        ("use crate::token::Kind;", "use crate::token::Kind;"),
        (
            "- run: cargo bench --bench parse",
            "- run: cargo bench --bench parse",
        ),
        (
            "expr: rate(http_errors_total[5m]) > 0.1",
            "expr: rate(http_errors_total[5m]) > 0.1",
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(redact_text(line), expected);
    }
}

#[test]
fn key_blocks_are_hidden_whole_even_when_cut_short() {
    let block = "-----BEGIN EC PRIVATE KEY-----\nHUNTER2\nHUNTER2\n-----END EC PRIVATE KEY-----";
    let expected = format!("-----BEGIN EC PRIVATE KEY-----{REDACTED}-----END EC PRIVATE KEY-----");
    assert_eq!(redact_text(block), expected);
    let line = ["app".to_owned(), "--pem".to_owned(), block.to_owned()];
    assert!(!redact_command_line(&line).contains("HUNTER2"));
    assert!(!redact_text(&block[..60]).contains("HUNTER2"));
}

#[test]
fn a_command_line_stays_one_line() {
    let line = ["python3", "-c", "import x\nx.run()", ""].map(str::to_owned);
    assert_eq!(
        redact_command_line(&line),
        "python3 -c 'import x x.run()' ''"
    );
}
