// What oidc-provider keeps, kept in Redis, by the commands its own example for Redis sends: a
// string or hash for each thing, a key for each second name, and a list for each grant, whose
// life is asked for before it is made longer.
import { Redis } from 'ioredis';

const redis = new Redis(process.env.REDIS_URL, { keyPrefix: 'op:' });
const SPENDABLE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);
const REVOCABLE = new Set([...SPENDABLE, 'AccessToken']);

export default class RedisAdapter {
  #model;

  constructor(model) {
    this.#model = model;
  }

  async upsert(id, payload, lifetime) {
    const key = this.#key(id);
    const text = JSON.stringify(payload);
    const batch = redis.multi();
    if (SPENDABLE.has(this.#model)) {
      batch.hset(key, { payload: text });
      if (lifetime) batch.expire(key, lifetime);
    } else if (lifetime) {
      batch.set(key, text, 'EX', lifetime);
    } else {
      batch.set(key, text);
    }
    if (payload.grantId && REVOCABLE.has(this.#model)) {
      const members = `grant:${payload.grantId}`;
      batch.rpush(members, key);
      if (lifetime > (await redis.ttl(members))) batch.expire(members, lifetime);
    }
    if (payload.uid) batch.set(`uid:${payload.uid}`, id, 'EX', lifetime);
    if (payload.userCode) batch.set(`userCode:${payload.userCode}`, id, 'EX', lifetime);
    await batch.exec();
  }

  async find(id) {
    if (!SPENDABLE.has(this.#model)) {
      const text = await redis.get(this.#key(id));
      return text ? JSON.parse(text) : undefined;
    }
    const { payload, ...spent } = await redis.hgetall(this.#key(id));
    return payload ? { ...JSON.parse(payload), ...spent } : undefined;
  }

  async findByUid(uid) {
    return this.#named(`uid:${uid}`);
  }

  async findByUserCode(userCode) {
    return this.#named(`userCode:${userCode}`);
  }

  async consume(id) {
    await redis.hset(this.#key(id), 'consumed', Math.floor(Date.now() / 1000));
  }

  async destroy(id) {
    await redis.del(this.#key(id));
  }

  async revokeByGrantId(grantId) {
    const members = `grant:${grantId}`;
    const keys = await redis.lrange(members, 0, -1);
    await redis.del(members, ...keys);
  }

  async #named(second) {
    const id = await redis.get(second);
    return id ? this.find(id) : undefined;
  }

  #key(id) {
    return `${this.#model}:${id}`;
  }
}
