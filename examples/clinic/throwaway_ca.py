"""A certificate authority for one run, made with the openssl command: the gateway, the laboratory and the front desk each get a
certificate of their own. Never for anything but a try: the keys lie in a temporary folder."""
import pathlib
import ssl
import subprocess

DAYS = "90"


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS,
                      "-subj", "/O=Throw-away/CN=Clinic try-out CA", "-keyout", self.folder / "ca.key", "-out", self.ca)

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"openssl {words[0]}: {done.stderr.strip()}")

    def issue(self, name):
        """(certificate, key) for localhost, as server and as client."""
        certificate, key, request = (self.folder / (name + suffix) for suffix in (".pem", ".key", ".csr"))
        extensions = self.folder / (name + ".ext")
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
                              "basicConstraints=CA:FALSE\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/O=Throw-away/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.folder / "ca.key", "-CAcreateserial",
                      "-days", DAYS, "-extfile", extensions, "-out", certificate)
        key.chmod(0o600)
        return certificate, key

    def client(self, name):
        """An ssl.SSLContext that shows the certificate of `name` and trusts this authority alone."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(*map(str, self.issue(name)))
        return context
