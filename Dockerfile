FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 SPOOL_DIR=/var/lib/leadsync
RUN useradd --system --no-create-home leadsync && install -d -o leadsync -m 700 /var/lib/leadsync
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY . .
RUN python -m compileall -q .

USER leadsync
VOLUME /var/lib/leadsync
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=4s --start-period=10s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8000}/healthz', timeout=3)"]
ENTRYPOINT ["python", "-m", "leadsync"]
CMD ["web"]
