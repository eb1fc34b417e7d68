/** Fixture cases that Espalier refuses, each with the reason that its message must give. A case that starts to work must leave this list. */
const refused: Readonly<Record<string, readonly { cases: RegExp; because: RegExp }[]>> = {
  attention: [{ cases: /^operator_scores$/, because: /its scores are an output/ }],
  computed: [{ cases: /^if_fed$/, because: /values pass through a subgraph/ }],
  indexing: [{ cases: /^scatter_elements_(mul|max|min)$/, because: /reduction "(mul|max|min)" keeps no record of what it replaced/ }],
  shape: [{ cases: /^optional_and_back$/, because: /shape of "O" is not known/ }],
  signal: [{ cases: /^stft_learned_window$/, because: /no gradient for input 2 \("W"\)/ }],
};

/** The reason for which a case must be refused; undefined for one that must work. */
export function refusalOf(family: string, name: string): RegExp | undefined {
  return refused[family]?.find(({ cases }) => cases.test(name))?.because;
}
