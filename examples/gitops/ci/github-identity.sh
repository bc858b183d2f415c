#!/bin/sh
# Writes the job's OIDC token into a file, and the file's name into the environment of the following steps. The token is valid
# for some minutes: long enough for the provider to open its session.
set -eu
umask 077
file=$RUNNER_TEMP/oidc-token
curl --fail --silent --show-error --retry 3 --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
	--output "$file.json" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.aliyuncs.com"
sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p' "$file.json" | tr -d '\n' >"$file"
rm "$file.json"
[ -s "$file" ] || { echo "GitHub's answer has no token; give the job the permission id-token: write" >&2; exit 1; }
echo "ALIBABA_CLOUD_OIDC_TOKEN_FILE=$file" >>"$GITHUB_ENV"
