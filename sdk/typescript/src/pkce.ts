/** PKCE (RFC 7636), method S256: proves that who collects a login is who started it. */

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** A verifier of 256 random bits (§4.1). Browsers offer the hash that it needs on https and localhost only. */
export function verifier(): string {
  if (!crypto.subtle) throw new TypeError("PKCE needs https:// or localhost");
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** The challenge that belongs to a verifier (§4.2). */
export async function challenge(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}
