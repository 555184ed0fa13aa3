// A certified OpenID provider with people of our own, for one test file. Prints its port when it is ready.
import http from "node:http";
import { Provider } from "oidc-provider";

const [clientId, clientSecret, back, port] = process.argv.slice(2);
const people = JSON.parse(process.env.PEOPLE);
const configuration = {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [back] }],
  claims: {
    openid: ["sub"],
    profile: ["name", "id_number", "real_name_level", "credit_code", "enterprise_name", "enterprise_role"],
    phone: ["phone_number", "phone_number_verified"],
  },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id, ...people[id] }) }),
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true } },
};
const provider = new Provider(`http://localhost:${port}`, configuration);
http.createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log("ready"));
