// A certified OpenID Connect provider, on this machine alone, for the tests: node provider.mjs PORT REDIRECT_URI
// Its sign-in page asks who one is and takes the answer: sub, email, verified and factors, as a form.
import { once } from 'node:events';
import * as oidc from 'oidc-provider';

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = new Map();

const provider = new oidc.Provider(issuer, {
    clients: [{ client_id: 'portal', client_secret: 'a secret of the tests', redirect_uris: [redirect] }],
    cookies: { keys: ['of the tests'] },
    claims: { openid: ['sub', 'amr'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
});

provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
        return next();
    }
    const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res);
    const { sub, email, verified, factors } = Object.fromEntries(ctx.URL.searchParams);
    if (!sub) {
        ctx.body = `Who are you? ${prompt.name}`;
        return undefined;
    }
    people.set(sub, { email, email_verified: verified === 'yes' });
    const grant = new provider.Grant({ accountId: sub, clientId: params.client_id });
    grant.addOIDCScope('openid email');
    const result = {
        login: { accountId: sub, amr: factors ? factors.split(' ') : ['pwd'] },
        consent: { grantId: await grant.save() },
    };
    ctx.respond = false;
    return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

const server = provider.listen(Number(port), '127.0.0.1');
await once(server, 'listening');
console.log(`listens ${issuer}`);
