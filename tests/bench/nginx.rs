//! The peer of a page: Debian's nginx, which serves the same bytes from a file.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Peer;
use crate::size::folder_on_disk;

const START_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A running nginx with one page.
#[derive(Debug)]
pub struct Nginx {
    peer: Peer,
    pub url: String,
    _folder: TempDir,
}

impl Nginx {
    /// Serves these bytes as `/page.html`: as they are, and compressed on request at the level of our own pages.
    pub fn serving(page: &[u8]) -> Nginx {
        let folder = folder_on_disk();
        let port = free_port();
        fs::write(folder.path().join("page.html"), page).expect("a folder to write into");
        fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), port)).expect("the same");
        open_to_all(folder.path());
        let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(program);
        command.arg("-c").arg(folder.path().join("nginx.conf")).arg("-p").arg(folder.path());
        let peer = Peer::start(&mut command, Signal::TERM);
        wait_for(port);
        Nginx { peer, url: format!("http://127.0.0.1:{port}/page.html"), _folder: folder }
    }

    pub fn process(&self) -> u32 {
        self.peer.id()
    }
}

/// Debian's settings as far as they touch a static page, without a log.
fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error.log;\n\
         events {{ worker_connections 768; }}\n\
         http {{\n\
           default_type text/html; access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;\n\
           keepalive_requests 1000000; gzip on; gzip_comp_level 4; gzip_min_length 1024;\n\
           client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;\n\
           uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n\
           server {{ listen 127.0.0.1:{port}; root {folder}; }}\n\
         }}\n"
    )
}

/// Started by root, nginx's workers are somebody else.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("one's own folder");
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

fn wait_for(port: u16) {
    for _ in 0..START_LIMIT.as_millis() / POLL.as_millis() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(POLL);
    }
    panic!("nginx does not answer on port {port}");
}
