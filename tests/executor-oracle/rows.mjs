// What the gateway holds: the caller's account, its imports as the REST API tells them, and each import's cursor under
// each sort, and where changes begin as long as nobody writes. What is opaque (ids and cursors) is taken from the gateway; what it means is computed in model.mjs.

// The sorts that documents ask for, as `sort` takes them.
export const SORTS = [
  [{ id: 'DESC' }],
  [{ id: 'ASC' }],
  [{ createdAt: 'DESC' }],
  [{ createdAt: 'ASC' }],
  [{ updatedAt: 'DESC' }, { id: 'ASC' }],
  [{ updatedAt: 'ASC' }, { createdAt: 'DESC' }],
];

export async function readRows(gateway) {
  const rows = new Map();
  let start = '';
  do {
    const page = await gateway.rest(`/api/v1/imports?per_page=100${start}`);
    for (const record of page.records) {
      rows.set(String(record.id), {
        databaseId: String(record.id),
        completedAt: record.completed_at,
        fileName: record.file_name,
        fileSize: record.file_size,
        note: record.note,
        type: record.type,
        status: record.status.toUpperCase(),
        createdAt: record.created_at,
        updatedAt: record.updated_at,
      });
    }
    start = page.next_cursor && `&start_cursor=${page.next_cursor}`;
  } while (start);
  if (rows.size < 100) {
    throw new Error(`the account has ${rows.size} imports; pages need 100`);
  }

  const cursors = [];
  for (const sort of SORTS) {
    const ofRow = new Map();
    let after = null;
    do {
      const { imports } = await gateway.data(
        `query ($sort: [ImportSort!], $after: String) { imports(first: 100, sort: $sort, after: $after) {
          edges { cursor node { id databaseId } } pageInfo { hasNextPage endCursor } } }`,
        { sort, after },
      );
      for (const { cursor, node } of imports.edges) {
        rows.get(node.databaseId).id = node.id;
        ofRow.set(node.databaseId, cursor);
      }
      after = imports.pageInfo.hasNextPage ? imports.pageInfo.endCursor : null;
    } while (after);
    if (ofRow.size !== rows.size) {
      throw new Error(`the list by ${JSON.stringify(sort)} has ${ofRow.size} imports of ${rows.size}`);
    }
    cursors.push(ofRow);
  }

  const { viewer } = await gateway.data('{ viewer { id databaseId name } }');
  const { changesCursor } = (await gateway.data('{ imports(first: 0) { changesCursor } }')).imports;
  return { viewer, imports: [...rows.values()], cursors, changesCursor };
}
