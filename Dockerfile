FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/cauce \
 && /opt/cauce/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY storage storage
COPY schema_registry schema_registry
COPY cauce cauce
COPY migrations migrations
RUN /opt/cauce/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin cauce \
 && mkdir /data && chown cauce:cauce /data
COPY --from=build /opt/cauce /opt/cauce
ENV PATH=/opt/cauce/bin:$PATH CAUCE_DATA_DIR=/data CAUCE_HOST=0.0.0.0 CAUCE_AUTHENTICATION=required
# Clients must log in. The first start writes the password of the user admin to /data/admin.secret,
# of mode 0600, and says so in its log; see docs/secure-a-node.md.
USER 10001
VOLUME /data
EXPOSE 8082 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import os, ssl, urllib.request as u; e = os.environ.get; tls = e('CAUCE_TLS_CERT') and e('CAUCE_HTTP_TLS', '').lower() != 'false'; u.urlopen(('https' if tls else 'http') + '://127.0.0.1:' + e('CAUCE_HTTP_PORT', '8082') + '/readyz', timeout=2, context=ssl._create_unverified_context())"]
ENTRYPOINT ["cauce", "serve"]
