//! Which outside worlds can be set up at all.

use downcity_providers::{Outside, OutsideError};
use std::io::Write;

#[test]
fn a_simulator_has_to_be_on_this_machine() {
    for fine in ["http://127.0.0.1:1", "http://127.0.0.1:43128/", "http://127.8.9.10:80808", "http://[::1]:9"]
    {
        let made = Outside::with_wechat_simulator(fine);
        assert_eq!(made.is_ok(), !fine.contains("80808"), "{fine}");
    }
    for bad in [
        "",
        "127.0.0.1:8080",
        "http://localhost:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://10.0.0.1:8080",
        "http://192.168.1.1:8080",
        "http://0.0.0.0:8080",
        "http://169.254.169.254:8080",
        "http://[::]:8080",
        "http://[fe80::1]:8080",
        "http://[::ffff:10.0.0.1]:8080",
        "http://127.0.0.1.evil.test:8080",
        "http://127.0.0.1:8080@evil.test:8080",
        "http://user@127.0.0.1:8080",
        "http://127.0.0.1:8080/path",
        "http://127.0.0.1:8080?x=1",
        "http://127.0.0.1:8080#x",
        "http://127.1:8080",
        "http://2130706433:8080",
        "http://0x7f000001:8080",
        " http://127.0.0.1:8080",
        "http://api.weixin.qq.com:80",
        "ftp://127.0.0.1:8080",
    ] {
        assert!(matches!(Outside::with_wechat_simulator(bad), Err(OutsideError::NotLoopback)), "{bad}");
    }
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn a_ca_file_is_looked_at_when_it_is_named() {
    let good: &[u8] = include_bytes!("ca.pem");
    let outside = Outside::with_ca_file(file(good).path()).unwrap();
    outside.check().unwrap();
    Outside::with_ca_file(file(&[good, b"\n# another\n", good].concat()).path()).unwrap();

    let wrong = |content: &[u8]| {
        let file = file(content);
        let error = Outside::with_ca_file(file.path()).unwrap_err().to_string();
        assert!(error.contains(file.path().to_str().unwrap()) && error.contains("PEM"), "{error}");
        error
    };
    assert!(wrong(b"").contains("no certificate"));
    assert!(wrong(b"hello").contains("no certificate"));
    let not_der = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    wrong(not_der);
    wrong(&[good, not_der].concat());
    wrong(&good[..good.len() / 2]);

    let absent = Outside::with_ca_file(std::path::Path::new("/does/not/exist.pem")).unwrap_err();
    assert!(absent.to_string().contains("/does/not/exist.pem"), "{absent}");
}

#[test]
fn the_real_world_needs_nothing_at_start() {
    let shown = format!("{:?}", Outside::real().unwrap());
    assert!(shown.contains("https://open.weixin.qq.com") && shown.contains("https://api.weixin.qq.com"));
}
