// Run the certified OpenID Connect provider `oidc-provider` on a free loopback port and write its
// address to a file. Its pages, tokens and keys are its own; ours are only who works at the
// company. Anybody may register as a client, so that each test is a client of its own.
//
// It is `localhost` where the portals under test are `127.0.0.1`: another site to a browser.
//
// Usage: node serve.mjs ADDRESS_FILE
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const SECOND_FACTOR = ['pwd', 'otp', 'mfa'];
const people = {
  clara: { name: 'Clara Clerk', groups: ['paydown-clerks', 'choir'], amr: SECOND_FACTOR },
  anton: { name: 'Anton Approver', groups: ['paydown-approvers'], amr: SECOND_FACTOR },
  paul: { name: 'Paul Password', groups: ['paydown-clerks'], amr: ['pwd'] },
  gina: { name: 'Gina Guest', groups: ['choir'], amr: SECOND_FACTOR },
};

async function findAccount(_, id) {
  const person = people[id];
  if (!person) return undefined;
  const { name, groups } = person;
  return { accountId: id, claims: async () => ({ sub: id, name, groups }) };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://localhost:${port}`, {
    findAccount,
    claims: { openid: ['sub', 'amr'], profile: ['name', 'groups'] },
    // As most companies' providers do: what is known stands in the identity token.
    conformIdTokenClaims: false,
    features: { registration: { enabled: true } },
    pkce: { required: () => true },
  });
  // Its own sign-in page asks for a name and any password; how somebody proved themselves is a
  // thing of the person here.
  const finished = provider.interactionFinished.bind(provider);
  provider.interactionFinished = (request, response, result, ...rest) => {
    if (result.login) result.login.amr = people[result.login.accountId]?.amr;
    return finished(request, response, result, ...rest);
  };
  server.on('request', provider.callback());
  const [, , file] = process.argv;
  writeFileSync(`${file}.part`, `localhost:${port}`);
  renameSync(`${file}.part`, file);
});
