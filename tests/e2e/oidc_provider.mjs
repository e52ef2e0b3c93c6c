// SPDX-License-Identifier: Apache-2.0
// An OpenID Connect provider: npm's `oidc-provider`, with its forms for developers, on a port of 127.0.0.1.
//   node oidc_provider.mjs FOLDER_WITH_NODE_MODULES PORT SECONDS_OF_ACCESS_TOKENS [auto]
// With `auto` the forms fill themselves in, for a browser that nobody sits at.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port, seconds, auto] = process.argv.slice(2);
const found = createRequire(pathToFileURL(`${folder}/package.json`)).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));

// Listening first: the issuer's name has the port in it.
let answer = (request, response) => response.writeHead(503).end();
const server = createServer((request, response) => answer(request, response));
await new Promise((listening) => server.listen(Number(port), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'web',
    client_secret: 'a secret/with:signs',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/oauth2/callback'],
    post_logout_redirect_uris: ['http://127.0.0.1/bye'],
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...key, kid: randomUUID(), use: 'sig', alg: 'ES256' }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
  }),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(seconds), RefreshToken: 3600, IdToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
  pkce: { required: () => true },
});
// The gateway has another port each time.
const sameButPort = (path) => (uri) => new RegExp(`^http://127\\.0\\.0\\.1:\\d+${path}$`).test(uri);
provider.Client.prototype.redirectUriAllowed = sameButPort('/oauth2/callback');
provider.Client.prototype.postLogoutRedirectUriAllowed = sameButPort('/bye');

provider.on('grant.success', (ctx) => console.log(`granted ${ctx.oidc.params.grant_type}`));
provider.on('grant.error', (ctx, error) => console.log(`refused ${ctx.oidc.params?.grant_type}: ${error.message}`));
provider.on('server_error', (ctx, error) => console.log(error));

if (auto) {
  const fill = `<script>
    for (const name of ['login', 'password'])
      for (const field of document.getElementsByName(name)) field.value = 'alice';
    document.forms[0].submit();
  </script>`;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path.startsWith('/interaction/') && typeof ctx.body === 'string') ctx.body += fill;
  });
}

answer = provider.callback();
console.log(`provider on ${issuer}`);
