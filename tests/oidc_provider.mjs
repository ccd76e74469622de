// A real OpenID provider for tests (oidc-provider), on this machine, with invented people. Whoever is named in login_hint is signed in
// without a question. It prints its port. Arguments: the folder with node_modules, where Weir waits for people to come back.
// What a token says is changed where the file `bend` beside it says so, by one who holds the provider's own key: what Weir must not believe.
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, back, bend] = process.argv.slice(2);
const require = createRequire(join(folder, 'node_modules', 'x.js'));
const { Provider } = await import(require.resolve('oidc-provider'));
const jose = await import(require.resolve('jose'));

const PEOPLE = {
  gwen: { email: 'gwen@oak.example', email_verified: true, groups: ['governors'] },
  lead: { email: 'lead@oak.example', email_verified: true, groups: [] },
  mfa: { email: 'lead@oak.example', email_verified: true, groups: [] },
  unsure: { email: 'unsure@oak.example', email_verified: false, groups: ['governors'] },
  stray: { email: 'stray@oak.example', email_verified: true, groups: ['kitchen', 'administrators'] },
  nobody: { email: 'nobody@oak.example', email_verified: true, groups: ['governors'] },
};

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    { client_id: 'weir', client_secret: 'a-secret-of-tests', redirect_uris: [back], grant_types: ['authorization_code'], response_types: ['code'] },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ['a-key-of-tests'] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified', 'groups'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  // Nobody is asked whether they agree.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (ctx.path.startsWith('/interaction/')) {
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const who = details.params.login_hint;
    // The same person as lead, who showed a second step.
    const login = { accountId: who === 'mfa' ? 'lead' : who, remember: false, amr: who === 'mfa' ? ['pwd', 'mfa'] : ['pwd'] };
    await provider.interactionFinished(ctx.req, ctx.res, PEOPLE[who] ? { login } : { error: 'access_denied' });
    ctx.respond = false;
    return;
  }
  await next();
  if (ctx.path === '/token' && ctx.status === 200 && existsSync(bend)) {
    const changes = JSON.parse(readFileSync(bend, 'utf8'));
    const claims = { ...jose.decodeJwt(ctx.body.id_token), ...changes.claims };
    const own = changes.other_key ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey : pair.privateKey;
    ctx.body = { ...ctx.body, id_token: await new jose.SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(own) };
  }
});

server.on('request', provider.callback());
console.log(server.address().port);
