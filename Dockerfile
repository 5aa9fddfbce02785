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
 && mkdir -m 0700 /data && chown cauce:cauce /data
COPY --from=build /opt/cauce /opt/cauce
ENV PATH=/opt/cauce/bin:$PATH CAUCE_DATA_DIR=/data CAUCE_HOST=0.0.0.0 CAUCE_AUTHENTICATION=required
# Clients must log in. The first start writes the password of the user admin to /data/admin.secret,
# of mode 0600, and says so in its log; see docs/secure-a-node.md.
USER 10001
VOLUME /data
EXPOSE 8082 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD cauce health --quiet || exit 1
ENTRYPOINT ["cauce", "serve"]
