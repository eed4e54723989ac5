/** Said of what the axes of given tensors were taken for. */
export const axesStrings = {
  title: 'Axes',
  list: 'What each axis of the given tensors was taken for',
  nameOf: ({ name, role }: { readonly name: string; readonly role: string }) =>
    name === role ? name : `${name} → ${role}`,
  shape: (shape: readonly number[]) => `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`,
} as const;
