import { connect, createServer, type Server, type Socket } from 'node:net';

/** A connection to a server of this machine that breaks: each entry of `cuts` ends one connection after so many bytes of what goes there, or of what comes back. */
export class Cutting {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** Connections that were cut. */
  count = 0;
  /** Where connections lead. */
  port = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(cuts: { going?: number; coming?: number }[]): Promise<{ cutting: Cutting; address: string }> {
    const server = createServer();
    const cutting = new Cutting(server);
    server.on('connection', (near) => cutting.#join(near, connect(cutting.port, '127.0.0.1'), cuts.shift() ?? {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return { cutting, address: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
  }

  #join(
    near: Socket,
    far: Socket,
    { going = Number.POSITIVE_INFINITY, coming = Number.POSITIVE_INFINITY }: { going?: number; coming?: number },
  ): void {
    const end = () => {
      near.destroy();
      far.destroy();
    };
    const pass = (from: Socket, to: Socket, most: number) => {
      let left = most;
      from.on('data', (part) => {
        to.write(part.subarray(0, Math.min(part.length, left)));
        left -= part.length;
        if (left >= 0) return;
        from.removeAllListeners('data').pause();
        this.count++;
        // What was passed on arrives first.
        to.end(end);
      });
      from.on('end', () => to.end());
      from.on('error', end);
      this.#open.add(from);
    };
    pass(near, far, going);
    pass(far, near, coming);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
