# Build the environment in one image, run it in another: no build tool, no cache and no source of
# the build reach the machine that holds the keys.
FROM python:3.11-slim AS build
WORKDIR /src
RUN ["python", "-m", "venv", "/opt/botkit"]
COPY requirements/core.txt requirements/core.txt
RUN ["/opt/botkit/bin/pip", "install", "--no-cache-dir", "--no-deps", "--require-hashes", "--requirement", "requirements/core.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY botkit botkit
# Without isolation: the locked build backend is used, not the newest one.
RUN ["/opt/botkit/bin/pip", "install", "--no-cache-dir", "--no-deps", "--no-build-isolation", "."]

FROM python:3.11-slim
RUN ["useradd", "--system", "--uid", "10001", "--create-home", "--home-dir", "/var/lib/botkit", "botkit"]
COPY --from=build /opt/botkit /opt/botkit
COPY configs /app/configs
COPY strategies /app/strategies
ENV PATH=/opt/botkit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BOTKIT_STATE=/var/lib/botkit
WORKDIR /app
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME ["/var/lib/botkit"]
# The bot answers SIGTERM by putting its orders in order; give it the time with `docker stop --time`.
STOPSIGNAL SIGTERM
# Healthy is a heartbeat younger than 30 s in BOTKIT_STATE.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "botkit.observe.health"]
ENTRYPOINT ["botkit"]
CMD ["--help"]
